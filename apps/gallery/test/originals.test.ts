import { readdirSync } from "node:fs";
import { loadBrown } from "@gradus/datasets/node";
import { expect, test } from "vitest";
import { courses } from "../src/courses.js";
import { lstmTagger } from "../src/pytorch-tutorials/lstm-tagger.js";
import { expectAlike, printedBy, printedByOriginal } from "./support.js";

/** Programs that would take minutes, made shorter as the original was when its output was written down. */
const shortened: Readonly<Record<string, () => Promise<void>>> = {
  // lstm_tagger.py DIR --files 10 --epochs 1
  "pytorch-tutorials.lstm-tagger": async () => lstmTagger({ files: (await loadBrown()).slice(0, 10), epochs: 1 }),
};

const names = readdirSync(new URL("printed", import.meta.url)).map((file) => file.replace(".txt", ""));

test.each(names)("%s prints what the original in PyTorch prints", { timeout: 60_000 }, async (name) => {
  const [course, program] = name.split(".") as [string, string];
  const run = shortened[name] ?? courses[course]?.[program]?.run;
  expect(run, "a program of this name").toBeDefined();
  expectAlike(await printedBy(() => run!()), printedByOriginal(name));
});

test("a changed number, word or layer is noticed", () => {
  const text = "TinyModel(\n  (linear1): Linear(in_features=100)\n)\ntensor([0.1234], grad_fn=<AddBackward0>) True";
  expectAlike("TinyModel((linear1): Linear(in_features=100)) tensor([0.1235], grad_fn=<LinearBackward0>) true", text);
  for (const other of [text.replace("0.1234", "0.1244"), text.replace("True", "False"), text.replace("linear1", "linear2"), text.replace("100", "101"), `${text} 1`]) {
    expect(() => { expectAlike(other, text); }).toThrow();
  }
});
