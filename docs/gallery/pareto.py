"""Which designs trade accuracy best against energy: a search of a design space, and its front.

Run it from this folder: `python pareto.py`. It takes a few minutes, can be interrupted, and draws pareto.png.
"""

from pathlib import Path

from bitline.report.figures.study_print import pareto_figure
from bitline.report.style import save
from bitline.study import Study, explore, read_results

HERE = Path(__file__).parent

if __name__ == "__main__":
    study = Study.load(HERE.parent / "studies" / "explore.toml")
    store = Path("pareto.sqlite")
    found = explore(study, store, workers=2)

    result = read_results(store)
    table = result.to_frame().set_index("key").loc[list(found.front)]
    print(table[[*result.settings, "accuracy", "energy_uJ", "area_mm2"]].to_string(index=False))
    save(pareto_figure(result, "energy_uJ"), HERE / "pareto.png")
