import ts from "typescript";

/** A piece of documentation that shows code. */
export interface Example {
  /** Path from the root of the workspace. */
  readonly file: string;
  /** The line of the first line of code, counted from 1. */
  readonly line: number;
  /** What it documents: `Tensor.add`, or the heading above it. */
  readonly name: string;
  readonly code: string;
  /** False for ` ```ts no-run `: code that needs a browser, a file or a device; its types are checked all the same. */
  readonly runs: boolean;
  /** Whether the example may use names that it does not import: a doc comment may, a README may not. */
  readonly implicitImports: boolean;
}

type Block = Omit<Example, "file" | "implicitImports">;

/** The ` ```ts ` blocks of a Markdown text, each named by the heading above it. */
function fencedBlocks(lines: readonly string[], firstLine: number): Block[] {
  const blocks: Block[] = [];
  let name = "";
  let open: { info: string; start: number } | undefined;
  lines.forEach((text, index) => {
    const fence = /^\s*```\s*(.*?)\s*$/.exec(text)?.[1];
    if (fence === undefined) {
      if (!open) name = /^#+ (.*)/.exec(text)?.[1] ?? name;
    } else if (!open) {
      open = { info: fence, start: index + 1 };
    } else {
      const [language = "", ...flags] = open.info.split(" ");
      const code = lines.slice(open.start, index).join("\n");
      if (language === "ts") blocks.push({ name, line: firstLine + open.start, code, runs: !flags.includes("no-run") });
      open = undefined;
    }
  });
  return blocks;
}

/** The ` ```ts ` blocks of a README. */
export function markdownExamples(file: string, text: string): Example[] {
  return fencedBlocks(text.split("\n"), 1).map((block) => ({ ...block, file, implicitImports: false }));
}

/** The `@example` tags of a source file: the fenced blocks of a tag, or all of it where it has none. */
export function sourceExamples(file: string, text: string): Example[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const examples: Example[] = [];
  const seen = new Set<number>();

  const read = (tag: ts.JSDocTag, name: string): Block[] => {
    const start = tag.tagName.end;
    const firstLine = source.getLineAndCharacterOfPosition(start).line + 1;
    const lines = text.slice(start, tag.end).split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
    const blocks = fencedBlocks(lines, firstLine);
    if (blocks.length > 0 || lines.some((line) => line.startsWith("```"))) return blocks.map((block) => ({ ...block, name }));
    return [{ name, line: firstLine, code: lines.join("\n").trimEnd(), runs: true }];
  };

  const visit = (node: ts.Node, owner: string): void => {
    const own = nameOf(node);
    const name = own === undefined ? owner : owner === "" ? own : `${owner}.${own}`;
    for (const comment of ts.getJSDocCommentsAndTags(node)) {
      // TypeScript hands the comment of a variable out at several of its nodes.
      if (!ts.isJSDoc(comment) || seen.has(comment.pos)) continue;
      seen.add(comment.pos);
      for (const tag of comment.tags ?? []) {
        if (tag.tagName.text === "example") examples.push(...read(tag, name).map((block) => ({ ...block, file, implicitImports: true })));
      }
    }
    ts.forEachChild(node, (child) => visit(child, name));
  };
  visit(source, "");
  return examples;
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations[0]?.name.getText();
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (ts.isClassLike(node) || ts.isFunctionDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
    return node.name?.text;
  }
  return ts.isClassElement(node) || ts.isTypeElement(node) || ts.isPropertyAssignment(node) ? node.name?.getText() : undefined;
}
