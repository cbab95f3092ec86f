import type { Dependency } from '../../protocol/declare.ts';
import type { Text } from '../../protocol/texts.ts';
import type { InstanceFact } from './dependencies.ts';
import type { VerbOptions } from './instances.ts';

/** What a process may depend on: another declared process, or a model. */
export interface DependencyTarget {
  readonly name: string;
  readonly dependsOn: readonly Dependency[];
  /** Of each of its instances. */
  readonly facts: readonly InstanceFact[];
  /** Number of times that an instance was started again. */
  readonly generation: number;
  /** Why what depends on it cannot be started, as a clause. */
  readonly illness: Text;
  /** Whether any of it is to run. */
  readonly isDesired: boolean;
  /** Whether it waits for what it depends on itself. */
  readonly isHeld: boolean;
  start(instance: undefined, options: VerbOptions): unknown;
}
