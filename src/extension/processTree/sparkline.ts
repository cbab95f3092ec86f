const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** At most `width` bars, the newest last. The highest bar is the largest value, or `full` where all values are smaller. */
export function sparkline(values: readonly number[], full: number, width = 30): string {
  const shown = bucket(values, width);
  const top = Math.max(full, ...shown);
  return shown.map((value) => bars[Math.min(bars.length - 1, Math.floor((Math.max(0, value) / top) * bars.length))]).join('');
}

/** The maximum of each group of neighbors, so that no peak is lost. */
function bucket(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  const size = values.length / width;
  return Array.from({ length: width }, (_, index) => Math.max(...values.slice(Math.floor(index * size), Math.floor((index + 1) * size))));
}
