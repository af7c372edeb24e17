// Where steps stand: where a person put them, else where dagre would. Saved places are for left-to-right reading;
// right-to-left pages show them mirrored, phones from top to bottom.
import dagre from "@dagrejs/dagre";
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

export function tidy(doc, vertical) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: vertical ? "TB" : "LR", nodesep: vertical ? 36 : 40, ranksep: vertical ? 64 : 88 });
  graph.setDefaultEdgeLabel(() => ({}));
  const order = readingOrder(doc);
  for (const id of order) graph.setNode(id, { width: WIDTH, height: heightOf(doc.steps[id], vertical) });
  for (const id of order)
    for (const [place, target] of waysOut(doc.steps[id])) if (target in doc.steps) graph.setEdge(id, target, { weight: place === "next" ? 2 : 1 }, place);
  dagre.layout(graph);
  const places = {};
  for (const id of order) {
    const node = graph.node(id);
    places[id] = { x: Math.round(node.x - node.width / 2), y: Math.round(node.y - node.height / 2) };
  }
  return places;
}

export function positions(doc, { vertical, rtl }) {
  const saved = vertical ? {} : (doc.layout ?? {});
  const ids = Object.keys(doc.steps);
  const missing = ids.filter((id) => !saved[id]);
  const made = missing.length ? tidy(doc, vertical) : {};
  const places = {};
  for (const id of ids) {
    const { x, y } = saved[id] ?? made[id];
    places[id] = { x: rtl && !vertical ? -x : x, y };
  }
  return places;
}
