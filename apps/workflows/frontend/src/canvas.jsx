import { Background, BaseEdge, Controls, EdgeLabelRenderer, Handle, MarkerType, MiniMap, Position, ReactFlow, ReactFlowProvider, getSmoothStepPath, useReactFlow, useStore, useUpdateNodeInternals } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { WIDTH, firstView, heightOf, namedWays, positions, tidy } from "./layout.js";
import { freeId, mainPlace, readingOrder, targetAt, waysOut } from "./patches.js";
import { Icon, Palette } from "./palette.jsx";
import { titleOf, toneOf, wayLabel } from "./words.js";

function Step({ id, data, selected }) {
  const { body, kind, view, state, problems, marks, start, breakpoint, app } = data;
  const ways = view.vertical ? waysOut(body) : namedWays(body);
  const inward = view.vertical ? Position.Top : view.rtl ? Position.Right : Position.Left;
  const outward = view.vertical ? Position.Bottom : view.rtl ? Position.Left : Position.Right;
  const refresh = useUpdateNodeInternals();
  const shape = ways.map(([place]) => place).join() + outward;
  useEffect(() => refresh(id), [shape]);
  const title = titleOf(id, body, app.kinds);
  return (
    <div class={`b-node ${toneOf(body.type)}${marks ? ` ${marks}` : ""}`} data-state={state?.state ?? ""} data-selected={selected || undefined}>
      <Handle id="in" type="target" position={inward} isConnectable={!app.readOnly} role="img" aria-label={app.t("to")} />
      <div class="b-face">
        <span class="b-icon"><Icon name={kind?.icon ?? "workflow"} /></span>
        <span class="b-words"><b><bdi>{title}</bdi></b><small><bdi>{start ? app.t("start") : (kind?.title ?? body.type)}</bdi></small></span>
        <span class="b-badges">
          {data.risk && <i class={`b-class ${data.risk.mark}`} title={data.risk.why}>{data.risk.risk}</i>}
          {problems > 0 && <i class="b-bad" title={app.t(problems === 1 ? "problem" : "problems", { n: problems })}>{problems}</i>}
          {state && <i class="b-state" title={app.t(state.state)}><Icon name={STATE_ICONS[state.state] ?? "circle-dashed"} /></i>}
          {breakpoint && <i class="b-break" title={app.t("breakpoint")} />}
        </span>
      </div>
      {!view.vertical && ways.map(([place]) => (
        <div class="b-out" key={place}>
          <span>{wayLabel(body, place, app)}</span>
          <Handle id={place} type="source" position={outward} isConnectable={!app.readOnly} role="img" aria-label={app.t("from", { name: wayLabel(body, place, app) || app.t("next") })} />
        </div>
      ))}
      {!view.vertical && !ways.length && body.type !== "fail" && <Handle id={mainPlace(body)} type="source" position={outward} isConnectable={!app.readOnly} role="img" aria-label={app.t("from", { name: app.t("next") })} />}
      {view.vertical && body.type !== "fail" && ways.map(([place], index) => (
        <Handle key={place} id={place} type="source" position={outward} isConnectable={!app.readOnly} style={{ left: `${((index + 1) * 100) / (ways.length + 1)}%` }} role="img" aria-label={app.t("from", { name: wayLabel(body, place, app) || app.t("next") })} />
      ))}
    </div>
  );
}

const STATE_ICONS = { done: "check", failed: "x", running: "loader-circle", waiting: "timer", person: "hand", cancelled: "ban" };

function Way({ id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, markerEnd, selected, data }) {
  const [path, x, y] = getSmoothStepPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, borderRadius: 14 });
  const { app, label, taken, vertical } = data;
  const outward = sourcePosition === Position.Left ? -1 : 1;
  // Side by side a button stands by its own way out: half-way, those of two ways would lie on each other.
  const button = vertical || app.readOnly ? { x, y } : { x: sourceX + outward * ((targetX - sourceX) * outward > 60 ? 40 : 20), y: sourceY };
  return (
    <>
      <BaseEdge id={id} path={path} markerEnd={markerEnd} className={`b-way-line${taken ? " taken" : ""}${data.place.startsWith("on_") ? " bad" : ""}`} interactionWidth={28} />
      <EdgeLabelRenderer>
        <div class={`b-way-label nodrag nopan${selected ? " selected" : ""}`} style={{ transform: `translate(-50%, -50%) translate(${button.x}px, ${button.y}px)` }}>
          {label && (vertical || app.readOnly) && <span>{label}</span>}
          {!app.readOnly && <button type="button" class="b-plus" aria-label={`${app.t("addBetween")}: ${titleOf(data.source, app.doc().steps[data.source] ?? {}, app.kinds)}${label ? `, ${label}` : ""}`} onClick={(event) => app.openPalette({ after: { step: data.source, place: data.place } }, event.currentTarget)}><Icon name="plus" /></button>}
        </div>
      </EdgeLabelRenderer>
    </>
  );
}

// Smaller, and the buttons of two neighbouring ways out could not be told apart by a finger (24 px, WCAG 2.5.8).
const BUTTONS_FROM = 0.86;
const nodeTypes = { step: Step };
const edgeTypes = { way: Way };

function viewOf() {
  return { vertical: innerWidth < 600, rtl: document.documentElement.dir === "rtl" };
}

function useDraft(draft) {
  const [, bump] = useState(0);
  useEffect(() => {
    const again = () => bump((n) => n + 1);
    for (const name of ["change", "states", "selected"]) draft.addEventListener(name, again);
    return () => ["change", "states", "selected"].forEach((name) => draft.removeEventListener(name, again));
  }, [draft]);
}

function Flow({ app, draft }) {
  useDraft(draft);
  const flow = useReactFlow();
  const [view, setView] = useState(viewOf);
  const [selection, setSelection] = useState(() => new Set(app.selected ? [app.selected] : []));
  const [ways, setWays] = useState(() => new Set());
  const [dragged, setDragged] = useState({});
  const [sizes, setSizes] = useState({});
  const [palette, setPalette] = useState(null);
  const wrapper = useRef(null);
  const doc = draft.document;
  app.doc = () => draft.document;
  app.openPalette = (where, anchor) => setPalette({ ...where, anchor });

  useEffect(() => {
    const turn = () => setView((old) => (old.vertical === innerWidth < 600 ? old : viewOf()));
    addEventListener("resize", turn);
    return () => removeEventListener("resize", turn);
  }, []);
  const isFar = useStore((state) => state.transform[2] < BUTTONS_FROM);
  useEffect(() => {
    const first = firstView(draft.document, positions(draft.document, view), view, wrapper.current.getBoundingClientRect(), app.readOnly);
    setTimeout(() => flow.setViewport(first, { duration: 0 }), 60);
  }, [view.vertical]);
  // The inspector takes its place from the canvas: what it is about stays in sight.
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      const one = app.selected && wrapper.current.querySelector(`.react-flow__node[data-id="${app.selected}"]`)?.getBoundingClientRect();
      if (!one) return;
      const room = wrapper.current.getBoundingClientRect();
      const { x, y, zoom } = flow.getViewport();
      const by = Math.max(0, room.left + 24 - one.left) || Math.min(0, room.right - 24 - one.right);
      if (by) flow.setViewport({ x: x + by, y, zoom });
    });
    watch.observe(wrapper.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const chosen = ({ detail }) => setSelection(new Set(detail ? [detail] : []));
    draft.addEventListener("choose", chosen);
    return () => draft.removeEventListener("choose", chosen);
  }, [draft]);

  const places = useMemo(() => positions(doc, view), [doc, view]);
  const counts = useMemo(() => draft.problems.reduce((all, one) => ({ ...all, [one.step]: (all[one.step] ?? 0) + 1 }), {}), [draft.problems]);
  const nodes = Object.entries(doc.steps).map(([id, body]) => {
    const kind = app.kinds[body.type];
    const title = titleOf(id, body, app.kinds);
    const state = app.states[id];
    return {
      id, type: "step", position: dragged[id] ?? places[id], selected: selection.has(id), measured: sizes[id],
      initialWidth: WIDTH, initialHeight: heightOf(body, view.vertical),
      data: { body, kind, view, state, app, problems: counts[id] ?? 0, start: doc.start === id, marks: app.marks?.[id], risk: app.classes?.[id], breakpoint: app.breakpoints?.includes(id) },
      ariaLabel: [title, kind?.title ?? body.type, app.classes?.[id]?.why, state && app.t(state.state), counts[id] && app.t(counts[id] === 1 ? "problem" : "problems", { n: counts[id] })].filter(Boolean).join(", "),
    };
  });
  const edges = Object.entries(doc.steps).flatMap(([id, body]) => waysOut(body).filter(([, target]) => target in doc.steps).map(([place, target]) => ({
    id: `${id}:${place}`, source: id, sourceHandle: place, target, targetHandle: "in", type: "way", selected: ways.has(`${id}:${place}`),
    markerEnd: { type: MarkerType.ArrowClosed, width: 18, height: 18 },
    data: { app, place, source: id, vertical: view.vertical, label: wayLabel(body, place, app), taken: app.states[id]?.state === "done" && app.states[target] },
    ariaLabel: app.t("connected", { step: titleOf(id, body, app.kinds), to: titleOf(target, doc.steps[target], app.kinds) }),
  })));

  const onNodesChange = useCallback((changes) => {
    for (const change of changes) {
      if (change.type === "select") setSelection((old) => { const next = new Set(old); if (change.selected) next.add(change.id); else next.delete(change.id); return next; });
      if (change.type === "dimensions" && change.dimensions) setSizes((old) => ({ ...old, [change.id]: change.dimensions }));
      if (change.type === "position" && change.position) {
        if (change.dragging) setDragged((old) => ({ ...old, [change.id]: change.position }));
        else settlePositions({ [change.id]: change.position });
      }
    }
  }, [view]);

  function settlePositions(moved) {
    if (app.readOnly) return;
    const all = {};
    const known = draft.document.layout ?? {};
    // The first move fixes everybody else where they stand, so that nothing jumps.
    const before = positions(draft.document, view);
    for (const id of Object.keys(draft.document.steps)) if (!known[id] && !moved[id]) all[id] = before[id];
    Object.assign(all, moved);
    const saved = Object.fromEntries(Object.entries(all).filter(([id]) => id in draft.document.steps).map(([id, { x, y }]) => [id, { x: Math.round(view.rtl ? -x : x), y: Math.round(y) }]));
    setDragged({});
    if (view.vertical) return;
    draft.change([{ op: "move", positions: saved }]);
  }
  const onNodeDragStop = useCallback((_event, _node, moved) => settlePositions(Object.fromEntries(moved.map((one) => [one.id, one.position]))), [view]);
  const onEdgesChange = useCallback((changes) => {
    for (const change of changes) if (change.type === "select") setWays((old) => { const next = new Set(old); if (change.selected) next.add(change.id); else next.delete(change.id); return next; });
  }, []);
  const onConnect = useCallback(({ source, sourceHandle, target }) => {
    if (source === target) return;
    draft.change([{ op: "connect", step: source, place: sourceHandle, target }]);
    app.say("connected", { step: titleOf(source, draft.document.steps[source], app.kinds), to: titleOf(target, draft.document.steps[target], app.kinds) });
  }, []);

  const actions = {
    remove() {
      const ids = [...selection].filter((id) => id in draft.document.steps);
      const cut = [...ways].map((id) => id.split(/:(.*)/s)).filter(([step]) => step in draft.document.steps && !ids.includes(step));
      if (!ids.length && !cut.length) return;
      const titles = ids.map((id) => titleOf(id, draft.document.steps[id], app.kinds)).join(", ");
      draft.change([...cut.reverse().map(([step, place]) => ({ op: "disconnect", step, place })), ...(ids.length ? [{ op: "remove_step", ids }] : [])]);
      setSelection(new Set());
      setWays(new Set());
      if (ids.includes(app.selected)) app.select(null);
      app.say(ids.length ? "removed" : "cut", { step: titles || cut[0]?.[0] });
      app.toast("removed", { step: titles || cut[0]?.[0] });
    },
    copy() {
      const ids = readingOrder(draft.document).filter((id) => selection.has(id));
      if (!ids.length) return null;
      const places = positions(draft.document, view);
      const clip = { echopilot: "steps", steps: Object.fromEntries(ids.map((id) => [id, draft.document.steps[id]])), positions: Object.fromEntries(ids.map((id) => [id, { x: (view.rtl ? -1 : 1) * places[id].x, y: places[id].y }])) };
      app.say("copied", { n: ids.length });
      return clip;
    },
    paste(clip) {
      if (clip?.echopilot !== "steps" || !clip.steps) return app.say("nothingToPaste");
      const shifted = Object.fromEntries(Object.entries(clip.positions ?? {}).map(([id, { x, y }]) => [id, { x: Math.round(x + 48), y: Math.round(y + 96) }]));
      draft.change([{ op: "paste", steps: clip.steps, ...(draft.document.layout ? { positions: shifted } : {}) }]);
      app.say("pasted", { n: Object.keys(clip.steps).length });
    },
    async tidy() {
      const positions = await tidy(draft.document).catch(() => null);
      if (!positions) return app.toast("offline");
      setDragged({});
      draft.change([{ op: "move", positions }]);
      setTimeout(() => flow.fitView({ padding: 0.15, maxZoom: 1 }), 80);
      app.say("tidied");
    },
  };
  app.actions = actions;

  function add(type, where = {}) {
    const kind = app.kinds[type];
    const current = draft.document;
    const id = freeId(current.steps, type.split(".").at(-1));
    const anchor = where.after?.step ?? (where.at ? null : ([...selection].find((one) => one in current.steps) ?? lastOf(current)));
    const patch = { op: "add_step", id, type, ...kind.body };
    if (where.after) patch.after = where.after;
    else if (!where.at && anchor) patch.after = { step: anchor, place: freeWay(current.steps[anchor]) };
    else if (!Object.keys(current.steps).length) patch.after = null;
    if (where.at) patch.at = where.at;
    else if (current.layout?.[anchor]) patch.at = beside(current, anchor, patch.after?.place);
    draft.change([patch]);
    setPalette(null);
    setSelection(new Set([id]));
    app.select(id);
    app.say("added", { step: kind.title });
    // A node that is not measured yet can neither be shown nor hold the focus.
    setTimeout(() => {
      flow.fitView({ padding: 0.15, maxZoom: 1, minZoom: 0.5 });
      if (!wrapper.current?.querySelector(".b-palette")) wrapper.current?.querySelector(`.react-flow__node[data-id="${id}"]`)?.focus({ preventScroll: true });
    }, 150);
  }

  function onKey(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || app.readOnly) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const node = event.target.closest?.(".react-flow__node");
    let handled = true;
    if (command && key === "z" && !event.shiftKey) app.undo();
    else if (command && (key === "y" || (key === "z" && event.shiftKey))) app.redo();
    else if (command && key === "a") setSelection(new Set(Object.keys(draft.document.steps)));
    else if (command && key === "d") actions.paste(actions.copy());
    else if (key === "/" && !command) app.openPalette({}, wrapper.current);
    else if (key === "enter" && node) { setSelection(new Set([node.dataset.id])); app.select(node.dataset.id, true); }
    else if (key === "delete" || key === "backspace") actions.remove();
    else handled = false;
    if (handled) { event.preventDefault(); event.stopPropagation(); }
  }

  const empty = !Object.keys(doc.steps).length;
  return (
    <div class="b-flow" data-far={isFar || undefined} ref={wrapper} onKeyDownCapture={onKey}
      onDragOver={(event) => { if (event.dataTransfer?.types.includes("application/x-step")) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } }}
      onDrop={(event) => {
        const type = event.dataTransfer?.getData("application/x-step");
        if (!type) return;
        event.preventDefault();
        const point = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
        const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".react-flow__edge");
        const way = over?.dataset.id?.split(/:(.*)/s);
        const spot = { x: Math.round((view.rtl ? -point.x : point.x) - (view.rtl ? -WIDTH / 2 : WIDTH / 2)), y: Math.round(point.y - 30) };
        add(type, { at: spot, ...(way ? { after: { step: way[0], place: way[1] } } : {}) });
      }}>
      <ReactFlow nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} onNodesChange={onNodesChange} onEdgesChange={onEdgesChange} onConnect={onConnect} onNodeDragStop={onNodeDragStop}
        onNodeClick={(event, node) => { if (!event.target.closest(".react-flow__handle") && !event.shiftKey && !event.ctrlKey && !event.metaKey) app.select(node.id); }} onPaneClick={() => app.select(null)}
        connectOnClick zoomOnDoubleClick={false} nodesConnectable={!app.readOnly} nodesDraggable={!app.readOnly} edgesFocusable={!app.readOnly} deleteKeyCode={null} multiSelectionKeyCode={["Shift", "Meta", "Control"]} selectionKeyCode="Shift"
        snapToGrid snapGrid={[8, 8]} minZoom={0.15} maxZoom={1.75} colorMode="system" proOptions={{ hideAttribution: true }} nodeDragThreshold={4} connectionRadius={36} elevateEdgesOnSelect
        ariaLabelConfig={{ "node.a11yDescription.default": app.t("edit"), "node.a11yDescription.keyboardDisabled": app.t("edit"), "edge.a11yDescription.default": app.t("remove"), "node.a11yDescription.ariaLiveMessage": ({ x, y }) => app.t("moved", { step: app.selected ? titleOf(app.selected, draft.document.steps[app.selected] ?? {}, app.kinds) : "", x: Math.round(x), y: Math.round(y) }), "controls.ariaLabel": app.t("zoomIn"), "controls.zoomIn.ariaLabel": app.t("zoomIn"), "controls.zoomOut.ariaLabel": app.t("zoomOut"), "controls.fitView.ariaLabel": app.t("fit"), "minimap.ariaLabel": app.t("map"), "handle.ariaLabel": "" }}
        aria-label={app.t("steps")}>
        <Background gap={24} size={1.4} />
        <Controls showInteractive={false} position={view.rtl ? "bottom-right" : "bottom-left"} fitViewOptions={{ padding: 0.15, maxZoom: 1 }} />
        {!view.vertical && !app.readOnly && Object.keys(doc.steps).length > 4 && <MiniMap pannable zoomable position={view.rtl ? "bottom-left" : "bottom-right"} nodeClassName={(node) => toneOf(node.data.body.type)} nodeBorderRadius={12} />}
      </ReactFlow>
      {empty && <div class="b-empty"><Icon name="workflow" /><h2>{app.t("empty")}</h2><p>{app.t("emptyHelp")}</p><button type="button" class="btn primary" onClick={(event) => app.openPalette({}, event.currentTarget)}><Icon name="plus" /> {app.t("addStep")}</button></div>}
      {!app.readOnly && <div class="b-tools">
        <button type="button" class="btn primary b-adder" onClick={(event) => app.openPalette({}, event.currentTarget)} aria-keyshortcuts="/"><Icon name="plus" /> <span>{app.t("addStep")}</span></button>
        <button type="button" class="btn" aria-label={app.t("tidy")} onClick={actions.tidy}><Icon name="layers" /> <span>{app.t("tidy")}</span></button>
        {selection.size > 0 && <>
          <button type="button" class="btn square" aria-label={app.t("duplicate")} title={app.t("duplicate")} onClick={() => actions.paste(actions.copy())}><Icon name="copy" /></button>
          <button type="button" class="btn square" aria-label={app.t("remove")} title={app.t("remove")} onClick={actions.remove}><Icon name="trash-2" /></button>
        </>}
      </div>}
      {palette && <Palette app={app} where={palette} onChoose={(type) => add(type, { after: palette.after })} onClose={() => { setPalette(null); palette.anchor?.focus?.(); }} />}
    </div>
  );
}

function lastOf(doc) {
  let id = doc.start;
  const seen = new Set();
  while (doc.steps[id] && !seen.has(id)) {
    seen.add(id);
    const next = doc.steps[id].next;
    if (!next) return id;
    id = next;
  }
  return null;
}

// The first way out that leads nowhere yet, else the main one.
function freeWay(body) {
  const open = waysOut(body).find(([, target]) => !target);
  return open && body.type !== "parallel" ? open[0] : body.type === "parallel" ? "branches.+" : mainPlace(body);
}

function beside(doc, anchor, place) {
  const { x, y } = doc.layout[anchor];
  const index = Math.max(0, waysOut(doc.steps[anchor]).findIndex(([name]) => name === place));
  let spot = { x: x + WIDTH + 88, y: y + index * 96 };
  const taken = Object.values(doc.layout);
  while (taken.some((other) => Math.abs(other.x - spot.x) < 120 && Math.abs(other.y - spot.y) < 64)) spot = { x: spot.x, y: spot.y + 96 };
  return spot;
}

export function Canvas({ app, draft }) {
  return <ReactFlowProvider><Flow app={app} draft={draft} /></ReactFlowProvider>;
}

export { targetAt };
