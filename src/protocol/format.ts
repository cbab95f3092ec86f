/** Figures as people read them; the same in every view. */
import type { Limits } from './startRequest.ts';

/** `12.4 %` of one core. */
export function formatPercent(percent: number): string {
  return `${percent.toFixed(1)} %`;
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `340 MB`, `1.2 GB`: powers of 1024, three digits at most. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 9.95 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `340 KB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `memory 1.0 GB, processes 50, time 10 min`. */
export function describeLimits({ memoryBytes, processes, cpuCores, timeMillis, openFiles }: Limits): string {
  return [
    memoryBytes !== undefined && `memory ${formatBytes(memoryBytes)}`,
    processes !== undefined && `processes ${processes}`,
    cpuCores !== undefined && `cores ${cpuCores}`,
    timeMillis !== undefined && `time ${formatDuration(timeMillis)}`,
    openFiles !== undefined && `open files ${openFiles}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** `80 ms`, `3.2 s`, `4 min 10 s`, `10 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(millis: number): string {
  if (millis < 999.5) return `${Math.round(millis)} ms`;
  if (millis < 10_000) return `${(millis / 1000).toFixed(1)} s`;
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return inTwo(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? inTwo(hours, 'h', minutes % 60, 'min') : inTwo(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function inTwo(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** `2026-11-29 16:04:59`, of milliseconds since 1970. */
export function dateAndTime(at: number): string {
  const date = new Date(at);
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${part(date.getMonth() + 1)}-${part(date.getDate())} ${clockTime(at)}`;
}

/** `2026-11-29 16:04:59.123`, of milliseconds since 1970. */
export function exactDateAndTime(at: number): string {
  return `${dateAndTime(at)}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;
}

/** `16:04:59`, of milliseconds since 1970. */
export function clockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}
