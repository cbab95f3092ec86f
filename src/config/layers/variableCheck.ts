/** What is wrong with the variables of processes, at the places where they are written. */
import type { Node } from 'jsonc-parser';
import type { Inputs } from '../inputSchema.ts';
import { variableProblems } from '../variableRules.ts';
import { type Problem, type ProblemList, whereIs } from './problemList.ts';
import { partsOfKey } from './settingKey.ts';
import type { Setting, Settings } from './settings.ts';

/** The keys whose texts are filled in. */
const filledKeys: readonly string[] = ['command', 'cwd', 'env', 'envFile', 'python', 'node', 'ready', 'alive', 'watch', 'isolate'];
/** Those that say which files are read, or may be written, before the process is started. */
const readBefore: readonly string[] = ['envFile', 'python', 'node', 'isolate'];

export class VariableCheck {
  readonly #problems: ProblemList;
  /** By the place and the message: all processes that inherit a value have the same mistake. */
  readonly #reported = new Map<Node, Map<string, Problem>>();

  constructor(problems: ProblemList) {
    this.#problems = problems;
  }

  /**
   * Whether all of it can be filled in, as far as that is known without values; what cannot is reported.
   * @param owner The path of the object in the file that the settings are of.
   */
  passes(settings: Settings, inputs: Inputs, owner: readonly string[]): boolean {
    let passes = true;
    for (const [key, setting] of settings) {
      const [outer] = partsOfKey(key);
      if (setting.value === undefined || !filledKeys.includes(outer)) continue;
      const place = { inputs, takesSecrets: outer === 'env', isFilledAtStart: !readBefore.includes(outer) };
      for (const node of textsIn(setting.node))
        for (const problem of variableProblems(String(node.value), place)) {
          passes = false;
          this.#report(setting, node, { path: [...owner, ...partsOfKey(key).filter((part) => part !== undefined)], problem });
        }
    }
    return passes;
  }

  #report({ source }: Setting, node: Node, { path, problem }: { readonly path: readonly string[]; readonly problem: string }): void {
    const reported = this.#reported.get(node) ?? new Map<string, Problem>();
    this.#reported.set(node, reported);
    const known = reported.get(problem);
    if (known) this.#problems.blame(known);
    else reported.set(problem, this.#problems.complain(source, node, `${whereIs(path)}: ${problem}`));
  }
}

/**
 * What is wrong with the variables of something that is no process, each at its place: nothing is asked for at its start.
 * @param others Keys whose schema says which variables they may have.
 */
export function fixedVariableProblems(value: Node, others: readonly string[] = []): { readonly node: Node; readonly message: string }[] {
  const properties = value.type === 'object' ? (value.children ?? []) : [value];
  const checked = properties.filter(({ children: [key] = [] }) => !others.includes(String(key?.value)));
  return checked
    .flatMap(textsIn)
    .flatMap((node) => variableProblems(String(node.value), { isFilledAtStart: false }).map((message) => ({ node, message })));
}

/** The texts of a value that may have a variable in them, without names of keys. */
function textsIn(value: Node): Node[] {
  const found: Node[] = [];
  for (const open = [value]; open.length > 0; ) {
    const node = open.pop();
    if (node?.type === 'string' && String(node.value).includes('${')) found.push(node);
    const children = node?.type === 'property' ? (node.children ?? []).slice(1) : (node?.children ?? []);
    open.push(...children.toReversed());
  }
  return found;
}
