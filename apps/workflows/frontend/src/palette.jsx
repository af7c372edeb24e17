import { useEffect, useRef, useState } from "preact/hooks";

let icons = "";
export const setIcons = (url) => (icons = url);

export function Icon({ name }) {
  return <svg class="icon" aria-hidden="true" focusable="false"><use href={`${icons}#${name}`} /></svg>;
}

const rank = (kind, word) => [kind.title.toLocaleLowerCase().startsWith(word), kind.type.startsWith(word)].filter(Boolean).length * -1;

// Choose a kind of step: type to search, arrows and Enter, tap, or drag onto the canvas.
export function Palette({ app, onChoose, onClose }) {
  const [query, setQuery] = useState("");
  const [current, setCurrent] = useState(0);
  const list = useRef(null);
  const input = useRef(null);
  const words = query.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = app.offered.filter((kind) => words.every((word) => `${kind.title} ${kind.group} ${kind.type} ${kind.help}`.toLocaleLowerCase().includes(word)));
  // What begins with the words comes before what only mentions them.
  if (words.length) found.sort((a, b) => rank(a, words[0]) - rank(b, words[0]));
  const groups = [...new Set(found.map((kind) => kind.group))];
  const flat = groups.flatMap((group) => found.filter((kind) => kind.group === group));
  useEffect(() => { input.current?.focus(); }, []);
  useEffect(() => { list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }); }, [current]);

  function onKey(event) {
    if (event.key === "Escape") onClose();
    else if (event.key === "ArrowDown") setCurrent(Math.min(current + 1, flat.length - 1));
    else if (event.key === "ArrowUp") setCurrent(Math.max(current - 1, 0));
    else if (event.key === "Enter" && flat[current]) onChoose(flat[current].type);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div class="b-palette" role="dialog" aria-label={app.t("addStep")} onKeyDown={onKey}>
      <div class="b-palette-head">
        <input class="input" ref={input} type="search" value={query} placeholder={app.t("search")} aria-label={app.t("search")} role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-activedescendant={flat[current] ? `kind-${flat[current].type}` : undefined}
          onInput={(event) => { setQuery(event.currentTarget.value); setCurrent(0); }} autocomplete="off" spellcheck={false} />
        <button type="button" class="btn ghost square" aria-label={app.t("close")} onClick={onClose}><Icon name="x" /></button>
      </div>
      <div class="b-kinds" id="palette-list" role="listbox" aria-label={app.t("addStep")} ref={list} tabIndex={-1}>
        {groups.map((group) => (
          <div role="group" aria-label={group} key={group}>
            <p class="b-group-name" aria-hidden="true">{group}</p>
            {found.filter((kind) => kind.group === group).map((kind) => (
              <div role="option" id={`kind-${kind.type}`} key={kind.type} data-kind={kind.type} class={`b-kind ${kind.tone}`} aria-selected={flat[current]?.type === kind.type} draggable
                onDragStart={(event) => { event.dataTransfer.setData("application/x-step", kind.type); event.dataTransfer.effectAllowed = "copy"; setTimeout(() => list.current?.closest(".b-palette")?.classList.add("dragging")); }}
                onDragEnd={onClose} onClick={() => onChoose(kind.type)}>
                <span class="b-icon"><Icon name={kind.icon} /></span><span class="grow"><b>{kind.title}</b>{kind.help && <small>{kind.help}</small>}</span>
              </div>
            ))}
          </div>
        ))}
        {!flat.length && <p class="quiet b-none">{app.t("nothingFound")}</p>}
      </div>
    </div>
  );
}
