import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Else it is up to the engine when what nothing holds any more is freed. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
