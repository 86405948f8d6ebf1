# %% [markdown]
# # Slicing and array size
#
# *For architects.* A weight on one cell or on several, on tall arrays or short ones: what does it do to accuracy,
# energy and area? A study crosses the settings and keeps every result in a file. Start in the folder of the repository.

# %%
from pathlib import Path
from tempfile import mkdtemp

from bitline.study import Study, read_results, sweep

study = Study(
    name="slicing",
    data={"images": 60, "calibration_images": 40},
    design={"base": "differential", "set": {"cell.device.alpha": 0.05, "adc.bits": 6}},
    axes=[
        {"setting": "weights.bits_per_cell", "values": ["unsliced", 1]},
        {"setting": "array.rows", "values": [72, 288, 1152]},
    ],
    run={"chips": 2, "layer_errors": False},
)
store = Path(mkdtemp()) / "slicing.sqlite"
summary = sweep(study, store)
print(f"{summary.done} pieces of work done, {len(summary.failures)} failed")

# %% [markdown]
# ## The results
#
# The best first. A data frame has all numbers of the cost.

# %%
result = read_results(store)
result

# %%
columns = ["weights.bits_per_cell", "array.rows", "accuracy", "energy_uJ", "area_mm2"]
result.to_frame()[columns].round(3)

# %% [markdown]
# ## The front
#
# No design beats those on the line in both accuracy and energy. Slices add cells and conversions; short arrays add
# conversions, too, but the error of fewer cells is added up before one.

# %%
from bitline.report.figures.study_print import pareto_figure

pareto_figure(result, "energy_uJ")

# %% [markdown]
# ## A report to pass on
#
# One HTML file with all charts and a table that sorts and filters, which opens offline.

# %%
from bitline.report import write_study

write_study(store.with_suffix(".html"), result)
print(f"{store.with_suffix('.html').name}: {store.with_suffix('.html').stat().st_size / 1e6:.1f} MB")

# %% [markdown]
# `bitline sweep` does the same with a TOML file, on several cores or a cluster; `bitline explore` searches spaces that
# are too large to cross ([Studies](../guides/studies.md)); and `bitline studio` opens a store in the browser.
