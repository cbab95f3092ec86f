import type { Dependency } from './declare.ts';

/** What is declared, by name, with what it depends on. */
export interface DependencyGraph {
  dependenciesOf(name: string): readonly Pick<Dependency, 'name'>[];
}

/** The graph of what has its dependencies with it; what is not in it depends on nothing. */
export function graphOf(
  nodes: ReadonlyMap<string, { readonly dependsOn?: readonly Pick<Dependency, 'name'>[] | undefined }>,
): DependencyGraph {
  return { dependenciesOf: (name) => nodes.get(name)?.dependsOn ?? [] };
}

/** All of it, those that depend on others before those. */
export function inEndOrder(nodes: Parameters<typeof graphOf>[0]): string[] {
  return inStartOrder([...nodes.keys()], graphOf(nodes)).toReversed();
}

/** The name itself and all that it depends on, however indirectly; each behind what it depends on itself. A circle is entered once. */
export function inStartOrder(names: readonly string[], graph: DependencyGraph): string[] {
  const ordered = new Set<string>();
  const entered = new Set<string>();
  // Without recursion: a chain may be as long as the file allows.
  const open = names.toReversed().map((name) => ({ name, isLeft: false }));
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.isLeft) ordered.add(one.name);
    if (entered.has(one.name)) continue;
    entered.add(one.name);
    open.push({ name: one.name, isLeft: true });
    for (const { name } of graph.dependenciesOf(one.name).toReversed()) open.push({ name, isLeft: false });
  }
  return [...ordered];
}
