import { useState } from "preact/hooks";
import { Button } from "./controls.js";

/** Code to copy. */
export function Code({ label, text }: { readonly label: string; readonly text: string }) {
  const [said, say] = useState("");
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => say("copied"),
      () => say("this browser does not let a page copy: select the text"),
    );
    setTimeout(() => say(""), 2500);
  };
  return (
    <div class="code">
      <div class="code-bar">
        <span>{label}</span>
        <span class="faint" role="status">
          {said}
        </span>
        <Button kind="small" onClick={copy}>
          Copy
        </Button>
      </div>
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
    </div>
  );
}
