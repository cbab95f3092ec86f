import type { Node } from 'jsonc-parser';
import { normalName } from '../../protocol/names.ts';
import type { ProblemList } from './problemList.ts';
import type { Source } from './source.ts';

/** Complains of keys of the gateway that are for models which there are not. */
export function checkGatewayKeys(sources: readonly Source[], problems: ProblemList, models: ReadonlySet<string>): void {
  for (const source of sources) {
    const keys = problems.paths.valueAt(source.tree, ['gateway', 'keys']);
    for (const { children: [name] = [] } of entriesOf(keys)) {
      const listed = name && keys && problems.paths.valueAt(keys, [String(name.value), 'models']);
      for (const node of listed?.type === 'array' ? (listed.children ?? []) : [])
        if (typeof node.value === 'string' && !models.has(normalName(node.value)))
          problems.complain(source, node, `gateway.keys.${String(name?.value)}.models: there is no model '${node.value}'`);
    }
  }
}

function entriesOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'object' ? (node.children ?? []) : [];
}
