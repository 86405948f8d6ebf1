// Very many points on a canvas: the pixels are computed here, which takes some milliseconds for 100,000 points.

// The pixels that a disc around a point covers: how far each is in the list of pixels, and its part of the ink.
function disc(radius, wide, opacity) {
  const reach = Math.ceil(radius + 0.5), steps = [], weights = [];
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      const cover = Math.min(1, radius + 0.5 - Math.hypot(x, y));
      if (cover > 0) { steps.push(y * wide + x); weights.push(255 * opacity * cover); }
    }
  }
  return { reach, steps: Int32Array.from(steps), weights: Float32Array.from(weights) };
}

// Where points lie over each other they are denser.
function stamped(wide, tall, { xs, ys, rows, radius, opacity }, ratio) {
  const { reach, steps, weights } = disc(radius * ratio, wide, opacity), ink = new Float32Array(wide * tall);
  for (const row of rows) {
    const x = Math.round(xs[row] * ratio), y = Math.round(ys[row] * ratio);
    if (!(x >= reach && y >= reach && x < wide - reach && y < tall - reach)) continue;
    const place = y * wide + x;
    for (let part = 0; part < steps.length; part += 1) ink[place + steps[part]] += weights[part];
  }
  return ink;
}

const parts = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));

// Layers from below; each has places in `xs` and `ys` by row, the rows to draw, a radius, a colour and an opacity.
export function drawPoints(canvas, layers) {
  const ratio = Math.min(2, devicePixelRatio || 1), wide = Math.round(canvas.clientWidth * ratio), tall = Math.round(canvas.clientHeight * ratio);
  if (!wide || !tall) return;
  [canvas.width, canvas.height] = [wide, tall];
  const context = canvas.getContext("2d"), image = context.createImageData(wide, tall), pixels = image.data;
  for (const layer of layers) {
    const ink = stamped(wide, tall, layer, ratio), [red, green, blue] = parts(layer.colour);
    for (let at = 0, to = 0; at < ink.length; at += 1, to += 4) {
      if (ink[at] === 0) continue;
      const own = Math.min(255, ink[at]) | 0;
      if (pixels[to + 3] === 0) { pixels[to] = red; pixels[to + 1] = green; pixels[to + 2] = blue; pixels[to + 3] = own; continue; }
      const below = (pixels[to + 3] * (255 - own)) / 255, all = own + below;
      pixels[to] = (red * own + pixels[to] * below) / all;
      pixels[to + 1] = (green * own + pixels[to + 1] * below) / all;
      pixels[to + 2] = (blue * own + pixels[to + 2] * below) / all;
      pixels[to + 3] = all;
    }
  }
  context.putImageData(image, 0, 0);
}
