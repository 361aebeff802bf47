import { useState } from "preact/hooks";
import { count, list } from "../../ui/format.js";
import type { TreeNode } from "./service.js";

export interface TreeProps {
  readonly node: TreeNode;
  /** Deeper modules are closed at first, unless what is chosen lies in them. */
  readonly openTo: number;
  readonly chosen: string;
  readonly onChoose: (path: string) => void;
  readonly onTrain: (path: string, mode: boolean) => void;
}

/** A module, what it owns, and the modules below it. */
export function Tree({ node, openTo, chosen, onChoose, onTrain }: TreeProps) {
  const { path, name, type, text, training, parameters, leaves, children } = node;
  const [open, setOpen] = useState(openTo > 0 || path === "" || chosen.startsWith(`${path}.`));
  return (
    <li class="module">
      <div class="module-head">
        <button type="button" class="module-name" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span class="module-mark" aria-hidden="true">
            {open ? "▾" : "▸"}
          </span>
          {name !== "" && <span class="mono module-key">{name}</span>}
          <strong>{type}</strong>
        </button>
        <button type="button" class="chip mode" aria-pressed={training} aria-label={`${training ? "train" : "eval"}: mode of ${path === "" ? "the model" : path}`} onClick={() => onTrain(path, !training)}>
          {training ? "train" : "eval"}
        </button>
        <span class="faint module-count">{parameters === 0 ? "–" : count(parameters)}</span>
      </div>
      {text !== "" && <p class="faint mono module-text">{text}</p>}
      {open && (
        <div class="module-body">
          {leaves.map((leaf) => (
            <button key={leaf.path} type="button" class="leaf" aria-pressed={leaf.path === chosen} onClick={() => onChoose(leaf.path)}>
              <span class="mono">{leaf.name}</span>
              <span class="mono faint">{list(leaf.shape)}</span>
              <span class="faint">{leaf.kind === "buffer" ? `buffer, ${leaf.dtype}` : count(leaf.count)}</span>
            </button>
          ))}
          {children.length > 0 && (
            <ul class="tree">
              {children.map((child) => (
                <Tree key={child.path} node={child} openTo={openTo - 1} chosen={chosen} onChoose={onChoose} onTrain={onTrain} />
              ))}
            </ul>
          )}
        </div>
      )}
    </li>
  );
}
