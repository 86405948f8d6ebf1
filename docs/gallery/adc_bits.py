"""How many bits an ADC needs, with and without weight slices: a study from Python, and its figure.

Run it from this folder: `python adc_bits.py`. It takes half a minute and draws adc_bits.png.
"""

from pathlib import Path

from bitline.report.figures.study_print import accuracy_figure
from bitline.report.style import save
from bitline.study import Study, read_results, sweep

HERE = Path(__file__).parent

if __name__ == "__main__":
    study = Study.load(HERE.parent / "studies" / "adc_bits.toml")
    store = Path("adc_bits.sqlite")
    sweep(study, store, workers=2)

    result = read_results(store)
    table = result.to_frame()[["adc.bits", "weights.bits_per_cell", "accuracy", "std", "energy_uJ"]]
    print(table.to_string(index=False))
    save(accuracy_figure(result, "adc.bits"), HERE / "adc_bits.png")
