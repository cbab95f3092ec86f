import type { Progress } from '../client/progress.ts';

/** What commands print of the progress of an instance for programs; keys are stable. `tree`: null where there is none. */
export function asJson({ label, verdict, state, reason, tree }: Progress): object {
  return { name: label, verdict, state, reason, tree: tree ?? null };
}
