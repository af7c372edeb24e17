// The same verbs as builder/patches.py, so that a change shows at once. The server's document takes its place when it answers.
const clone = (value) => structuredClone(value);

export function mainPlace(body) {
  return { switch: "default", parallel: "join", condition: "then" }[body.type] ?? "next";
}

export function waysOut(body) {
  const ways = [];
  if (body.type === "switch") {
    (body.cases ?? []).forEach((one, index) => ways.push([`cases.${index}.next`, one.next ?? null]));
    ways.push(["default", body.default ?? null]);
  } else if (body.type === "parallel") {
    (body.branches ?? []).forEach((target, index) => ways.push([`branches.${index}`, target]));
    ways.push(["branches.+", null], ["join", body.join ?? null]);
  } else if (body.type === "condition") {
    ways.push(["then", body.then ?? null], ["else", body.else ?? null]);
  } else {
    if (body.type === "loop") ways.push(["body", body.body ?? null]);
    ways.push(["next", body.next ?? null]);
  }
  for (const name of ["on_error", "on_timeout"]) if (body[name]) ways.push([name, body[name]]);
  return ways;
}

export function targetAt(body, place) {
  return waysOut(body).find(([name]) => name === place)?.[1] ?? null;
}

function lead(body, place, target) {
  const [head, index] = place.split(".");
  if (head === "cases") {
    if (target === null) delete body.cases[index].next;
    else body.cases[index].next = target;
  } else if (head === "branches") {
    const branches = (body.branches ??= []);
    if (index === "+") {
      if (target !== null && !branches.includes(target)) branches.push(target);
    } else if (target === null || branches.includes(target)) branches.splice(Number(index), 1);
    else branches[index] = target;
    if (!branches.length) delete body.branches;
  } else if (target === null) delete body[head];
  else body[head] = target;
}

export function leadingTo(steps, target) {
  const found = [];
  for (const [id, body] of Object.entries(steps))
    for (const [place, to] of waysOut(body)) if (to === target) found.push([id, place]);
  return found.sort((a, b) => (a.join() < b.join() ? 1 : -1));
}

export function freeId(steps, wanted) {
  let base = wanted.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 50) || "step";
  if (!/^[a-z]/.test(base)) base = `step_${base}`;
  if (!(base in steps)) return base;
  base = base.replace(/_\d+$/, "");
  let number = 2;
  while (`${base}_${number}` in steps) number += 1;
  return `${base}_${number}`;
}

function putIn(doc, id, after, given) {
  const { steps } = doc;
  const body = steps[id];
  let follower = null;
  if (Object.keys(steps).length === 1 || !(doc.start in steps) || (given && after === null)) {
    follower = doc.start in steps && doc.start !== id ? doc.start : null;
    doc.start = id;
  } else if (after) {
    const before = steps[after.step];
    const way = after.place || mainPlace(before);
    follower = way === "branches.+" ? (before.join ?? null) : targetAt(before, way);
    lead(before, way, id);
  } else return;
  if (follower && follower !== id && body.type !== "fail") lead(body, mainPlace(body), follower);
}

function removeOne(doc, id, bridge) {
  const { steps } = doc;
  const body = steps[id];
  if (!body) return;
  let follower = bridge ? targetAt(body, mainPlace(body)) : null;
  if (!(follower in steps) || follower === id) follower = null;
  for (const [other, place] of leadingTo(steps, id)) {
    if (other === id) continue;
    const joins = place.startsWith("branches.") && steps[follower]?.type === "join";
    lead(steps[other], place, joins ? null : follower);
  }
  delete steps[id];
  if (doc.layout) delete doc.layout[id];
  if (doc.start === id) doc.start = follower ?? Object.keys(steps)[0] ?? "";
}

function at(node, parts) {
  for (const part of parts.slice(0, -1)) node = node[part] ??= {};
  return [node, parts.at(-1)];
}

const verbs = {
  add_step(doc, patch) {
    const body = { type: patch.type };
    for (const name of ["title", "with", "cases", "when", "items"]) if (name in patch) body[name] = clone(patch[name]);
    doc.steps[patch.id] = body;
    putIn(doc, patch.id, patch.after, "after" in patch);
    if (patch.at) (doc.layout ??= {})[patch.id] = patch.at;
  },
  remove_step(doc, patch) {
    for (const id of patch.ids ?? [patch.step]) removeOne(doc, id, patch.bridge ?? true);
  },
  update_step(doc, patch) {
    const parts = Array.isArray(patch.path) ? patch.path : patch.path.split(".");
    const [node, last] = at(doc.steps[patch.step], parts);
    if ("value" in patch) node[last] = clone(patch.value);
    else delete node[last];
  },
  connect: (doc, patch) => lead(doc.steps[patch.step], patch.place, patch.target),
  disconnect: (doc, patch) => lead(doc.steps[patch.step], patch.place, null),
  move(doc, patch) {
    if (patch.positions === null) delete doc.layout;
    else Object.assign((doc.layout ??= {}), patch.positions);
  },
  set_start(doc, patch) {
    doc.start = patch.step;
  },
  paste(doc, patch) {
    const names = {};
    for (const old of Object.keys(patch.steps)) names[old] = freeId({ ...doc.steps, ...Object.fromEntries(Object.values(names).map((name) => [name, 1])) }, old);
    for (const [old, given] of Object.entries(patch.steps)) {
      const body = clone(given);
      for (const [place, target] of waysOut(given).reverse()) if (target) lead(body, place, names[target] ?? null);
      doc.steps[names[old]] = body;
      if (patch.positions?.[old]) (doc.layout ??= {})[names[old]] = patch.positions[old];
    }
    const first = names[Object.keys(patch.steps)[0]];
    if (!(doc.start in doc.steps)) doc.start = first;
    else if (patch.after) putIn(doc, first, patch.after, true);
    return names;
  },
};

// A new document. A verb only the server knows changes nothing here; its answer does.
export function applyLocally(document, patches) {
  const doc = clone(document);
  for (const patch of patches) verbs[patch.op]?.(doc, patch);
  return doc;
}

export function readingOrder(doc) {
  const seen = [];
  const trail = [doc.start];
  while (trail.length) {
    const id = trail.pop();
    if (!id || !(id in doc.steps) || seen.includes(id)) continue;
    seen.push(id);
    trail.push(...waysOut(doc.steps[id]).map(([, target]) => target).reverse());
  }
  return [...seen, ...Object.keys(doc.steps).filter((id) => !seen.includes(id)).sort()];
}
