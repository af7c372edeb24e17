// "Tidy up": dagre in a file of its own.
import dagre from "@dagrejs/dagre";
import { WIDTH, heightOf } from "./layout.js";
import { readingOrder, waysOut } from "./patches.js";

export function arrange(doc) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 40, ranksep: 88 });
  graph.setDefaultEdgeLabel(() => ({}));
  const order = readingOrder(doc);
  for (const id of order) graph.setNode(id, { width: WIDTH, height: heightOf(doc.steps[id], false) });
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
