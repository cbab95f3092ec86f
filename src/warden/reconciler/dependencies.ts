/** Whether what a name depends on allows it to be launched; pure. */
import type { DependencyCondition } from '../../protocol/declare.ts';

/**
 * One instance of what is depended on.
 * - `idle`: it has not run yet. `coming`: it will run by itself. `started`: it runs and is not ready yet.
 * - `unstarted`: it could not be started. `ending`: it is being stopped.
 * - `succeeded`, `failed`, `stopped`: how it has ended; `stopped` where that was asked for.
 */
export type InstanceFact = 'idle' | 'coming' | 'unstarted' | 'started' | 'ready' | 'ending' | 'succeeded' | 'failed' | 'stopped';

/** `barred`: it will not be met by itself. */
export type Verdict = 'met' | 'pending' | 'barred';

const meeting: Readonly<Record<DependencyCondition, readonly InstanceFact[]>> = {
  started: ['started', 'ready', 'succeeded'],
  ready: ['ready'],
  succeeded: ['succeeded'],
  ended: ['succeeded', 'failed', 'stopped'],
};

/**
 * A condition on several instances is met when each of them meets it. One that was stopped, or has not been started, may be started: that is waited
 * for. Where one has failed and is not restarted, there is nothing to wait for.
 */
export function verdictOn(condition: DependencyCondition, facts: readonly InstanceFact[]): Verdict {
  const meets = meeting[condition];
  if (facts.length > 0 && facts.every((fact) => meets.includes(fact))) return 'met';
  return facts.some((fact) => fact === 'unstarted' || (fact === 'failed' && !meets.includes(fact))) ? 'barred' : 'pending';
}
