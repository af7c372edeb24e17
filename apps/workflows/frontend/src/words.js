// Names of steps and of their ways out, as the server names them (builder/palette.py).
export function titleOf(id, body, kinds) {
  return body?.title || kinds[body?.type]?.title || id;
}

const TONES = { ai: "ai", switch: "way", condition: "way", parallel: "way", join: "way", loop: "way", approval: "person", wait_event: "person", fail: "stop" };
export function toneOf(type) {
  return TONES[type] ?? TONES[String(type).split(".")[0]] ?? (String(type).includes(".") ? "app" : "basic");
}

export function wayLabel(body, place, app) {
  const [head, index] = place.split(".");
  if (head === "cases") return body.cases?.[index]?.title || app.t("case", { n: Number(index) + 1 });
  if (head === "branches") return index === "+" ? app.t("newBranch") : app.t("branch", { n: Number(index) + 1 });
  const names = { default: "otherwise", then: "yes", else: "no", body: "each", join: "join", on_error: "fails", on_timeout: "timeUp" };
  if (head === "next") return body.type === "loop" ? app.t("afterwards") : "";
  return app.t(names[head] ?? head);
}

export function fill(text, params = {}) {
  return String(text ?? "").replace(/%\((\w+)\)[sd]/g, (_all, name) => params[name] ?? "");
}
