/** Values that stand in JavaScript as they are. Nothing is run: what would have to be computed is left out. */
import { type AnyNode, type ObjectExpression, parse } from 'acorn';

export interface LiteralObject {
  readonly values: Readonly<Record<string, unknown>>;
  /** Names of the properties that would have to be computed. */
  readonly computed: ReadonlySet<string>;
  /** Zero-based line. */
  readonly line: number;
}

/**
 * The objects of the list `key` of what a module exports.
 * @throws SyntaxError where the text is not JavaScript.
 */
export function exportedObjects(text: string, key: string): LiteralObject[] {
  const program = parse(text, {
    ecmaVersion: 'latest',
    sourceType: /^\s*(?:export|import)\b/m.test(text) ? 'module' : 'script',
    locations: true,
  });
  const constants = new Map<string, AnyNode>();
  let exported: AnyNode | undefined;
  for (const statement of program.body) {
    if (statement.type === 'VariableDeclaration')
      for (const { id, init } of statement.declarations) if (id.type === 'Identifier' && init) constants.set(id.name, init);
    if (statement.type === 'ExportDefaultDeclaration') exported = statement.declaration;
    if (statement.type === 'ExpressionStatement' && statement.expression.type === 'AssignmentExpression') {
      const { left, right } = statement.expression;
      if (text.slice(left.start, left.end) === 'module.exports') exported = right;
    }
  }
  const resolve = (node: AnyNode | undefined): AnyNode | undefined => (node?.type === 'Identifier' ? constants.get(node.name) : node);
  const object = resolve(exported);
  const list = object?.type === 'ObjectExpression' ? resolve(propertyOf(object, key)) : undefined;
  if (list?.type !== 'ArrayExpression') return [];
  return list.elements.flatMap((element) => {
    const one = element && resolve(element);
    return one?.type === 'ObjectExpression'
      ? [{ values: valuesOf(one), computed: computedIn(one), line: (one.loc?.start.line ?? 1) - 1 }]
      : [];
  });
}

function propertyOf({ properties }: ObjectExpression, key: string): AnyNode | undefined {
  for (const property of properties) if (property.type === 'Property' && nameOf(property) === key) return property.value;
  return undefined;
}

function nameOf({ key, computed }: { readonly key: AnyNode; readonly computed: boolean }): string | undefined {
  if (computed) return undefined;
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' ? String(key.value) : undefined;
}

function computedIn({ properties }: ObjectExpression): Set<string> {
  return new Set(
    properties.flatMap((property) => {
      const name = property.type === 'Property' ? nameOf(property) : undefined;
      return property.type === 'Property' && name !== undefined && literalOf(property.value) === undefined ? [name] : [];
    }),
  );
}

/** Without the properties that are not there as they are. */
function valuesOf({ properties }: ObjectExpression): Record<string, unknown> {
  const entries = properties.flatMap((property) => {
    const name = property.type === 'Property' ? nameOf(property) : undefined;
    const value = property.type === 'Property' ? literalOf(property.value) : undefined;
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function literalOf(node: AnyNode): unknown {
  switch (node.type) {
    case 'Literal':
      return ['string', 'number', 'boolean'].includes(typeof node.value) ? node.value : undefined;
    case 'TemplateLiteral':
      return node.expressions.length === 0 ? node.quasis[0]?.value.cooked : undefined;
    case 'ObjectExpression':
      return valuesOf(node);
    case 'ArrayExpression': {
      const values = node.elements.map((element) => (element ? literalOf(element) : undefined));
      return values.includes(undefined) ? undefined : values;
    }
    default:
      return undefined;
  }
}
