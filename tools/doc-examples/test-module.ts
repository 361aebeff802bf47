import { resolve } from "node:path";
import ts from "typescript";
import type { Example } from "./extract.js";
import { entries, examplesWith, ownEntry } from "./workspace.js";

/**
 * The JavaScript of a test file that runs the examples of a README and of the sources beside it, each as one test.
 *
 * @param readme - Path from the root of the workspace.
 */
export function testModule(readme: string): string {
  const tests = examplesWith(readme).filter(({ runs }) => runs).map(testOf);
  if (tests.length === 0) throw new Error(`${readme}: expected an example in a \`\`\`ts block, found none`);
  const code = `
    import { it } from "vitest";
    import { check, printed, show } from ${quote(resolve("tools/doc-examples/check.ts"))};
    // The umbrella also makes the CPU the default device.
    import * as umbrella from ${target("gradus")};
    import * as own from ${target(ownEntry(readme) ?? "gradus")};
    // An example may use any name, so ours have a mark.
    const $names = { ...umbrella, ...own };
    ${tests.join("\n")}`;
  return ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText;
}

const quote = (text: string): string => JSON.stringify(text);

/** Packages are imported by path, because an example may name one that its own package does not depend on. */
const target = (specifier: string): string => {
  const entry = entries.get(specifier);
  return quote(entry === undefined ? specifier : resolve(entry));
};

function testOf(example: Example): string {
  const source = ts.createSourceFile("example.ts", example.code, ts.ScriptTarget.Latest, true);
  const lineOf = (node: ts.Node): number => example.line + source.getLineAndCharacterOfPosition(node.getStart()).line;
  const body = source.statements.map((statement) => {
    if (ts.isImportDeclaration(statement)) return importOf(statement);
    const expected = ts.isExpressionStatement(statement) ? resultComment(statement) : undefined;
    if (!ts.isExpressionStatement(statement) || expected === undefined) return statement.getText();
    const place = `${example.file}:${String(lineOf(statement))}`;
    return `await check(async () => ${shown(statement.expression)}, ${quote(expected)}, ${quote(place)});`;
  });
  return `it(${quote(`${example.file}:${String(example.line)} ${example.name}`)}, async () => {
    ${example.implicitImports ? implicitScope(source) : ""}
    ${body.join("\n")}
  });`;
}

/** `import { a as b } from "x"` inside of a function; types leave no trace. */
function importOf({ importClause, moduleSpecifier }: ts.ImportDeclaration): string {
  const module = `await import(${target((moduleSpecifier as ts.StringLiteral).text)});`;
  if (importClause === undefined) return module;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return "";
  const { name, namedBindings } = importClause;
  if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) return `const ${namedBindings.name.text} = ${module}`;
  const named = (namedBindings?.elements ?? []).filter(({ isTypeOnly }) => !isTypeOnly);
  const bindings = named.map((each) => (each.propertyName === undefined ? each.name.text : `${each.propertyName.text}: ${each.name.text}`));
  return `const { ${[...(name === undefined ? [] : [`default: ${name.text}`]), ...bindings].join(", ")} } = ${module}`;
}

/**
 * The comment that ends the line of a statement, and the lines under it that continue it in the same column:
 *
 *     console.log(x); // tensor([[1., 2.],
 *                     //         [3., 4.]])
 */
function resultComment(statement: ts.ExpressionStatement): string | undefined {
  const text = statement.getSourceFile().text;
  const comment = ts.getTrailingCommentRanges(text, statement.end)?.[0];
  if (comment === undefined) return undefined;
  const column = comment.pos - (text.lastIndexOf("\n", comment.pos) + 1);
  const lines = [text.slice(comment.pos, comment.end)];
  for (const line of text.slice(comment.end + 1).split("\n")) {
    if (line.search(/\S/) !== column || !line.startsWith("//", column)) break;
    lines.push(line.trim());
  }
  return lines.map((line) => line.replace(/^\/\/ ?/, "")).join("\n");
}

/** An expression that gives the text to compare: what `console.log` prints, or how any other value is printed. */
function shown(expression: ts.Expression): string {
  if (ts.isCallExpression(expression) && expression.expression.getText() === "console.log") {
    return `printed(${expression.arguments.map((argument) => argument.getText()).join(", ")})`;
  }
  return `show(${expression.getText()})`;
}

/** Declares the names that a doc comment uses without importing them. A name that no package exports is a global one. */
function implicitScope(source: ts.SourceFile): string {
  const names = [...implicitNames(source)].map((name) => `${name} = globalThis.${name}`);
  return `const { ${names.join(", ")} } = $names;`;
}

/** The names that an example uses and does not declare. */
export function implicitNames(source: ts.SourceFile): ReadonlySet<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    // The `const` of `as const` is a name to the parser.
    if (ts.isConstTypeReference(node)) return;
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isName = "name" in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent);
      const isMember = (ts.isQualifiedName(parent) && parent.right === node) || ("propertyName" in parent && parent.propertyName === node);
      if (isName && bindsName(parent)) declared.add(node.text);
      else if (!isName && !isMember) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  declared.forEach((name) => used.delete(name));
  return used;
}

/** Whether the name in a declaration can then be used alone; that of a member cannot. */
const bindsName = (declaration: ts.Node): boolean =>
  ts.isVariableDeclaration(declaration) ||
  ts.isParameter(declaration) ||
  ts.isBindingElement(declaration) ||
  ts.isFunctionDeclaration(declaration) ||
  ts.isClassDeclaration(declaration) ||
  ts.isInterfaceDeclaration(declaration) ||
  ts.isTypeAliasDeclaration(declaration) ||
  ts.isTypeParameterDeclaration(declaration) ||
  ts.isImportClause(declaration) ||
  ts.isImportSpecifier(declaration) ||
  ts.isNamespaceImport(declaration);
