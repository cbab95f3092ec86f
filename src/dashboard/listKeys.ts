/**
 * Where a key moves the choice of a list to: an index; undefined where the key moves nothing.
 * @param from Index of what is chosen; -1 where nothing is.
 * @param page Number of rows by which PageUp and PageDown move.
 */
export function indexAfterKey(
  key: string,
  { from, count, page }: { readonly from: number; readonly count: number; readonly page: number },
) {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  const step = steps[key];
  return step === undefined ? undefined : Math.min(count - 1, Math.max(0, from + step));
}
