/** What a process depends on in a file of process-compose. */
import { asObject } from '../jsonEntries.ts';
import type { Notes } from './notes.ts';
import type { ComposeProcess } from './project.ts';

const conditions: Readonly<Record<string, string>> = {
  process_started: 'started',
  process_healthy: 'ready',
  process_log_ready: 'ready',
  process_completed: 'ended',
  process_completed_successfully: 'succeeded',
};

/** By the name in the file. */
export function dependenciesOf(
  written: unknown,
  key: string,
  processes: ReadonlyMap<string, ComposeProcess>,
  notes: Notes,
): Readonly<Record<string, string>> | undefined {
  const dependencies = new Map<string, string>();
  for (const [name, value] of Object.entries(asObject(written))) {
    const { condition = 'process_started', ...others } = asObject(value);
    const own = `${key}.${name}`;
    for (const other of Object.keys(others)) notes.leave(`${own}.${other}`, 'it is no key of a dependency');
    const wanted = conditions[String(condition)];
    if (wanted === undefined)
      notes.leave(`${own}.condition`, `${JSON.stringify(condition)} is unknown; it waits until the process is ready`);
    const group = groupOf(name, processes);
    const target = group ?? name;
    const other = processes.get(target);
    if (other === undefined) notes.leave(own, 'there is no such process');
    else if (isDisabled(other)) notes.leave(own, 'it is disabled, and so it is not waited for');
    else if (group === undefined) dependencies.set(name, wanted ?? 'ready');
    else {
      notes.leave(own, `a dependency is one on all instances of ${group} here`);
      if (!dependencies.has(group)) dependencies.set(group, wanted ?? 'ready');
    }
  }
  return dependencies.size > 0 ? Object.fromEntries(dependencies) : undefined;
}

/** Of `consumer-0`, where there are several of consumer. */
function groupOf(name: string, processes: ReadonlyMap<string, ComposeProcess>): string | undefined {
  const [, group = ''] = name.match(/^(.+)-\d+$/) ?? [];
  const found = processes.has(name) ? undefined : processes.get(group);
  return found !== undefined && Number(found.fields['replicas']) > 1 ? group : undefined;
}

export function isDisabled({ fields }: ComposeProcess): boolean {
  const { is_disabled, disabled } = fields;
  return is_disabled === 'true' || is_disabled === true || (disabled === true && is_disabled !== 'false' && is_disabled !== false);
}
