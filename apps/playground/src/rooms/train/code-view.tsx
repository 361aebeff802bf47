import { useState } from "preact/hooks";
import { Code } from "../../ui/code.js";
import { Segmented } from "../../ui/controls.js";
import { pythonCode, typescriptCode } from "./code.js";
import type { Setup } from "./setup.js";

const languages = {
  typescript: { label: "TypeScript", write: typescriptCode },
  python: { label: "PyTorch", write: pythonCode },
} as const;
type Language = keyof typeof languages;

/** The program that trains as this room does, and gets the same numbers. */
export function CodeOf({ setup }: { readonly setup: Setup }) {
  const [language, setLanguage] = useState<Language>("typescript");
  const { label, write } = languages[language];
  return (
    <div class="stack">
      <Segmented
        label="Language"
        value={language}
        options={(Object.keys(languages) as Language[]).map((each) => [each, languages[each].label])}
        onChange={setLanguage}
      />
      <Code label={label} text={write(setup)} />
    </div>
  );
}
