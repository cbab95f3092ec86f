import type { DashboardTexts } from '../protocol/dashboard.ts';

/** The extension writes the page, and with it what the page says, in the editor's language. */
const texts = JSON.parse(document.body.dataset['texts'] ?? '{}') as DashboardTexts;

/** `{0}`, `{1}`, … stand for the values. */
export function text(key: keyof DashboardTexts, ...values: readonly (string | number)[]): string {
  return texts[key].replaceAll(/\{(\d)\}/g, (_place, index) => String(values[Number(index)] ?? ''));
}
