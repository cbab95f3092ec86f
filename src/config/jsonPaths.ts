import type { Node } from 'jsonc-parser';

export type JsonPath = readonly (string | number)[];

/** Finds parts of one tree by their paths. Of two keys with the same name it finds the later one, whose value counts. */
export class JsonPaths {
  /** The properties of each object that was asked for, so that asking for many costs no more than one. */
  readonly #properties = new Map<Node, ReadonlyMap<string, Node>>();

  valueAt(from: Node, path: JsonPath): Node | undefined {
    let node: Node | undefined = from;
    for (const part of path) {
      if (node === undefined) return undefined;
      node = typeof part === 'number' ? node.children?.[part] : this.#propertiesOf(node).get(part)?.children?.[1];
    }
    return node;
  }

  /** The name in front of a value. */
  keyAt(from: Node, path: JsonPath): Node | undefined {
    const parent = this.valueAt(from, path.slice(0, -1));
    return parent && this.#propertiesOf(parent).get(String(path.at(-1)))?.children?.[0];
  }

  /** The value at the path, or the innermost existing part around it. */
  nearest(from: Node, path: JsonPath): Node {
    for (let length = path.length; length > 0; length--) {
      const node = this.valueAt(from, path.slice(0, length));
      if (node) return node;
    }
    return from;
  }

  #propertiesOf(node: Node): ReadonlyMap<string, Node> {
    const known = this.#properties.get(node);
    if (known) return known;
    const properties = node.type === 'object' ? (node.children ?? []) : [];
    const found = new Map(properties.map((property) => [String(property.children?.[0]?.value), property]));
    this.#properties.set(node, found);
    return found;
  }
}
