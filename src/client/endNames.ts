import type { NameAnswer, NameStatus, StopNameRequest } from '../protocol/declare.ts';
import { inEndOrder } from '../protocol/startOrder.ts';
import { failureText } from './nameVerbs.ts';
import type { WardenClient } from './wardenClient.ts';

/** These names, those that depend on others before those. `statuses`: of all that is declared. */
export function namesInEndOrder(names: readonly string[], statuses: readonly NameStatus[]): string[] {
  const all = inEndOrder(new Map(statuses.map((status) => [status.name, status])));
  return all.filter((name) => names.includes(name));
}

/** Ends these names, each after what depends on it; the warden keeps the order where it is asked in it. Resolves when nothing of them is left. */
export async function endNames(
  client: WardenClient,
  names: readonly string[],
  options: Omit<StopNameRequest, 'name'>,
): Promise<NameAnswer> {
  const ordered = namesInEndOrder(names, await client.names.list());
  const answers = await Promise.all(
    ordered.map(async (name): Promise<NameAnswer> => {
      try {
        return await client.names.stop({ name, ...options });
      } catch (error) {
        return { trees: [], failures: [{ name, message: failureText(error), code: 0 }] };
      }
    }),
  );
  return { trees: answers.flatMap(({ trees }) => trees), failures: answers.flatMap(({ failures }) => failures) };
}
