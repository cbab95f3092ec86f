import type { ProcessSpec } from '../config/processSchema.ts';
import { graphOf, inStartOrder } from '../protocol/startOrder.ts';

/** These names and all that they depend on, each behind what it depends on itself: no start is made on behalf of another process. */
export function withDependencies(names: readonly string[], specs: ReadonlyMap<string, ProcessSpec>): string[] {
  return inStartOrder(names, graphOf(specs));
}
