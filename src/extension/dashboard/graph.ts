import type { GraphProcess } from '../../protocol/dashboard.ts';
import { isArmed, isWaiting, type Process, type Processes } from '../processes.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';

/** Declared processes that depend on something, or that something depends on, in the order of their files. */
export function graphOf(processes: Processes, specs: WorkspaceSpecs): readonly GraphProcess[] {
  const declared = specs.declared.map(({ name, folder, spec }) => ({
    name,
    dependsOn: (spec.dependsOn ?? []).map((one) => ({ ...one, name: specs.nameIn(folder, one.name) })),
  }));
  const needed = new Set(declared.flatMap(({ dependsOn }) => dependsOn.map(({ name }) => name)));
  const drawn = declared.filter(({ name, dependsOn }) => dependsOn.length > 0 || needed.has(name));
  if (drawn.length === 0) return [];
  const all = new Map<string, Process[]>();
  for (const process of processes.all) {
    const name = process.pool ?? process.name;
    all.set(name, [...(all.get(name) ?? []), process]);
  }
  return drawn.map(({ name, dependsOn }) => {
    const instances = all.get(name) ?? [];
    return {
      ...{ name, dependsOn },
      ...(instances.some((one) => isWaiting(one) || isArmed(one)) && { waits: true as const }),
      ...(instances.some(({ failure }) => failure !== undefined) && { failed: true as const }),
    };
  });
}
