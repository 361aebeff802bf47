// The ESLint rule that keeps methods out of tensor-core: ops call one another as functions, so that a bundle holds only what it uses.

/** Whose sources are written with functions. The table of methods itself may name them. */
const place = /packages[\\/]tensor-core[\\/]src[\\/](?!methods\.ts$)/;

/** @type {import("eslint").Rule.RuleModule} */
export const functions = {
  meta: { type: "problem", schema: [], messages: { method: "\"{{name}}\" is a method that methods.ts adds to Tensor; call the function, as in {{name}}(x, …)" } },
  create(context) {
    if (!place.test(context.filename)) return {};
    /** @type {{ program: import("typescript").Program, getTypeAtLocation(node: unknown): import("typescript").Type }} */
    const services = context.sourceCode.parserServices;
    const checker = services.program.getTypeChecker();
    /** @param {any} node the receiver @param {string} name */
    const isAdded = (node, name) => {
      const type = checker.getNonNullableType(checker.getApparentType(services.getTypeAtLocation(node)));
      const symbol = type.getSymbol();
      const members = symbol?.name === "Tensor" ? symbol.members : undefined;
      // The members of a symbol are those that class Tensor declares, without what it inherits from the table.
      return members !== undefined && type.getProperty(name) !== undefined && ![...members.keys()].map(String).includes(name);
    };
    return {
      MemberExpression(node) {
        if (node.property.type === "Identifier" && !node.computed && isAdded(node.object, node.property.name)) {
          context.report({ node: node.property, messageId: "method", data: { name: node.property.name } });
        }
      },
    };
  },
};
