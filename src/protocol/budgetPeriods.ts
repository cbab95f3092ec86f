/** The days and months over which budgets are counted: of UTC, as those who charge for requests count them, so that one budget is the same in all time zones. */
import type { BudgetPeriod } from './remoteModels.ts';

/** Names the period of a moment, in milliseconds since 1970: `2026-12-01`, `2026-12`. Later ones are greater. */
export function periodOf(per: BudgetPeriod, at: number): string {
  return new Date(at).toISOString().slice(0, per === 'day' ? 10 : 7);
}

/** When the period of a moment is over, both in milliseconds since 1970. */
export function endOfPeriod(per: BudgetPeriod, at: number): number {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return per === 'day' ? Date.UTC(year, month, date.getUTCDate() + 1) : Date.UTC(year, month + 1);
}

/** As {@link periodOf} writes it. */
export const periodPattern = /^\d{4}-\d{2}(?:-\d{2})?$/;
