import { resolve } from "node:path";
import ts from "typescript";
import type { Example } from "./extract.js";
import { implicitNames } from "./test-module.js";
import { entries, ownEntry } from "./workspace.js";

/** What TypeScript says about the examples, as `file:line: message`. */
export function typeErrors(examples: readonly Example[]): string[] {
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const library = ts.createProgram([...entries.values()], options, host);
  const exported = exportsOf(library);

  // Each example becomes a module in its package's folder, its code from the second line on.
  const modules = new Map(
    examples.map((example, index) => [
      resolve(example.file, `../example-${String(index)}.ts`),
      { example, text: `${implicitImports(example, exported)}\n${example.code}` },
    ]),
  );
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.readFile = (file) => modules.get(file)?.text ?? readFile(file);
  host.fileExists = (file) => modules.has(file) || fileExists(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = modules.get(file)?.text;
    return text === undefined ? getSourceFile(file, target, ...rest) : ts.createSourceFile(file, text, target);
  };

  const program = ts.createProgram([...modules.keys()], options, host, library);
  return [...modules].flatMap(([path, { example }]) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ start = 0, messageText }) => {
      const line = example.line - 1 + (file?.getLineAndCharacterOfPosition(start).line ?? 0);
      return `${example.file}:${String(line)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile("tsconfig.json", (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  // An example may name any package of the workspace, also one that its own does not depend on.
  const paths = Object.fromEntries([...entries].map(([specifier, file]) => [specifier, [resolve(file)]]));
  return { ...options, paths, verbatimModuleSyntax: false };
}

/** Entry → the names that it exports. */
function exportsOf(program: ts.Program): ReadonlyMap<string, ReadonlySet<string>> {
  const checker = program.getTypeChecker();
  return new Map(
    [...entries].map(([specifier, file]) => {
      const source = program.getSourceFile(file);
      const module = source && checker.getSymbolAtLocation(source);
      return [specifier, new Set(module ? checker.getExportsOfModule(module).map(({ name }) => name) : [])];
    }),
  );
}

/** The first line of an example's module: imports from its own package, then from the umbrella, of what it names. */
function implicitImports({ file, code, implicitImports }: Example, exported: ReadonlyMap<string, ReadonlySet<string>>): string {
  const names = implicitImports ? new Set(implicitNames(ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true))) : new Set<string>();
  const imports = [ownEntry(file), "gradus"].map((specifier) => {
    const found = [...names].filter((name) => exported.get(specifier ?? "")?.has(name));
    found.forEach((name) => names.delete(name));
    return found.length > 0 ? `import { ${found.join(", ")} } from "${String(specifier)}";` : "";
  });
  return `export {}; ${imports.join(" ")}`;
}
