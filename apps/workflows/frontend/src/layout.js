// Where steps stand: where a person put them, else in columns by how far they are from the start. Saved places are for left-to-right reading;
// right-to-left pages show them mirrored, phones from top to bottom.
import { readingOrder, waysOut } from "./patches.js";

export const WIDTH = 216;
export const heightOf = (body, vertical) => {
  const ways = vertical ? 0 : namedWays(body).length;
  return 60 + (ways ? ways * 28 + 4 : 0);
};

export function namedWays(body) {
  const ways = waysOut(body);
  return ways.length > 1 ? ways : [];
}

// Fetched when somebody asks for it: most visits never tidy up.
export async function tidy(doc) {
  const { arrange } = await import("./builder-tidy.js");
  return arrange(doc);
}

// Each step one column after the furthest step that leads to it; a way back to an earlier step counts for nothing.
function columns(doc) {
  const order = readingOrder(doc);
  const rank = Object.fromEntries(order.map((id) => [id, 0]));
  const open = new Set();
  const visit = (id, depth) => {
    if (open.has(id) || depth < rank[id]) return;
    rank[id] = depth;
    open.add(id);
    for (const [, target] of waysOut(doc.steps[id])) if (target in doc.steps && (depth + 1 > rank[target])) visit(target, depth + 1);
    open.delete(id);
  };
  for (const id of order) if (!rank[id]) visit(id, 0);
  const made = [];
  for (const id of order) (made[rank[id]] ??= []).push(id);
  return made;
}

function rough(doc, vertical) {
  const places = {};
  let along = 0;
  for (const column of columns(doc)) {
    const sizes = column.map((id) => (vertical ? WIDTH : heightOf(doc.steps[id], false)));
    let across = -(sizes.reduce((sum, size) => sum + size, 0) + (column.length - 1) * 40) / 2;
    column.forEach((id, index) => {
      places[id] = vertical ? { x: Math.round(across), y: along } : { x: along, y: Math.round(across) };
      across += sizes[index] + 40;
    });
    along += vertical ? 124 : WIDTH + 88;
  }
  return places;
}

export function positions(doc, { vertical, rtl }) {
  const saved = vertical ? {} : (doc.layout ?? {});
  const ids = Object.keys(doc.steps);
  const missing = ids.filter((id) => !saved[id]);
  const made = missing.length ? rough(doc, vertical) : {};
  const places = {};
  for (const id of ids) {
    const { x, y } = saved[id] ?? made[id];
    places[id] = { x: rtl && !vertical ? -x : x, y };
  }
  return places;
}

const LEGIBLE = 0.9;
const MARGIN = 48;
// Where the canvas opens: everything, when that is legible or nobody edits (`whole`); else the beginning.
export function firstView(doc, places, { vertical, rtl }, room, whole) {
  const boxes = Object.entries(doc.steps).map(([id, body]) => ({ ...places[id], height: heightOf(body, vertical) }));
  if (!boxes.length) return { x: 0, y: 0, zoom: 1 };
  const left = Math.min(...boxes.map((one) => one.x)), right = Math.max(...boxes.map((one) => one.x + WIDTH));
  const top = Math.min(...boxes.map((one) => one.y)), bottom = Math.max(...boxes.map((one) => one.y + one.height));
  const fitting = Math.min(1, (0.85 * room.width) / (right - left), (0.85 * room.height) / (bottom - top));
  if (whole || fitting >= LEGIBLE) {
    return { x: room.width / 2 - ((left + right) / 2) * fitting, y: room.height / 2 - ((top + bottom) / 2) * fitting, zoom: fitting };
  }
  const first = places[doc.start] ?? { x: left, y: top };
  const x = vertical ? room.width / 2 - (first.x + WIDTH / 2) * LEGIBLE : rtl ? room.width - MARGIN - (first.x + WIDTH) * LEGIBLE : MARGIN - first.x * LEGIBLE;
  return { x, y: (vertical ? 2 * MARGIN : room.height / 2) - first.y * LEGIBLE, zoom: LEGIBLE };
}
