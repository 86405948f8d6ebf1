// What Plotly has drawn: places of points and sizes of bars in pixels, turned back into the units of the axes.
() => {
  const at = (values, index) => (values ? values[index] : null);
  const place = (node) => node.getAttribute("transform").match(/translate\(([^,]+),([^)]+)\)/).slice(1).map(Number);
  const ends = (bar) => bar.getAttribute("d").match(/[MV][^MVhm]+/g).map((step) => Number(step.slice(1).split(",").at(-1)));
  const steps = (line) => line.getAttribute("d").match(/[ML][^ML]+/g).map((step) => Number(step.slice(1).split(",")[0]));

  function points(trace, node, x, y) {
    const bars = [...node.querySelectorAll(".yerror")];
    return [...node.querySelectorAll(".point")].map((point, index) => ({
      trace: trace.name, key: at(trace.customdata, point.__data__.i), text: at(trace.text, point.__data__.i),
      value: [x.p2d(place(point)[0]), y.p2d(place(point)[1])], pixel: y.p2d(0) - y.p2d(1),
      ends: bars.length ? ends(bars[index]).map((end) => y.p2d(end)) : [],
    }));
  }

  function bars(trace, node, x, y) {
    const lies = trace.orientation === "h";
    return [...node.querySelectorAll(".point")].map((point, index) => {
      const box = point.querySelector("path").getBBox();
      const [axis, size] = lies ? [x, box.width] : [y, box.height];
      const pixel = Math.abs(axis.p2l(1) - axis.p2l(0));
      return { trace: trace.name, key: at(trace.customdata, index), text: at(trace.text, index),
        name: lies ? trace.y[index] : trace.x[index], value: size * pixel, pixel };
    });
  }

  return [...document.querySelectorAll(".js-plotly-plot")].map((chart) => {
    const { xaxis, yaxis } = chart._fullLayout;
    const traces = chart.calcdata.map((drawn) => drawn[0].trace).filter((trace) => trace.visible === true);
    const nodes = [...chart.querySelectorAll(".scatterlayer .trace, .barlayer .trace")];
    const found = { id: chart.id, points: [], bars: [], cells: [], paths: [] };
    for (const trace of traces) {
      const node = nodes.find((drawn) => drawn.__data__[0].trace.uid === trace.uid);
      if (trace.type === "scatter" && node && node.querySelector(".point")) {
        found.points.push(...points(trace, node, xaxis, yaxis));
        const line = node.querySelector(".js-line");
        if (line) found.paths.push(steps(line));
      }
      if (trace.type === "bar" && node) found.bars.push(...bars(trace, node, xaxis, yaxis));
      if (trace.type === "heatmap")
        trace.z.forEach((row, i) => row.forEach((value, j) => found.cells.push(
          { x: xaxis._categories[j], y: yaxis._categories[i], value, text: trace.text[i][j] })));
    }
    const inOrder = (axis, side) => [...chart.querySelectorAll(`.${axis}tick text`)]
      .map((tick) => [tick.textContent, tick.getBoundingClientRect()[side]])
      .sort((a, b) => a[1] - b[1]).map((tick) => tick[0]);
    found.ticks = inOrder("x", "x");
    found.rows = inOrder("y", "y");
    return found;
  });
}
