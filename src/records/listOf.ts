import * as z from 'zod';

/** A list that is checked no further than to the first item that is wrong: a complaint for each of a million takes gigabytes. */
export function listOf<T extends z.ZodType>(item: T, most: number): z.ZodCustom<z.output<T>[]> {
  const isList = (value: unknown): boolean =>
    Array.isArray(value) && value.length <= most && value.every((one) => item.safeParse(one).success);
  return z.custom<z.output<T>[]>(isList, `is not a list of at most ${most} valid items`);
}
