/** How the line of a tree looks, so that every one is seen in every theme, and two of them are told apart. */

/**
 * Colors of the theme that every theme has, in the order in which trees get them. `charts-orange` is none of them: it is the color of search results in the
 * minimap, which high contrast themes leave out and others make translucent.
 */
export const palette = ['charts-blue', 'charts-green', 'charts-purple', 'charts-red', 'charts-yellow', 'charts-foreground'] as const;

/** Lengths of strokes and gaps in pixels, for one round of the palette each. */
export const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

/** Number of trees that look different from each other. */
export const lookCount = palette.length * dashes.length;

export interface Look {
  /** A color of the theme, such as `charts-red`. */
  readonly colour: string;
  readonly dash: readonly number[];
}

/** `place`: a number from 0 up; lines begin to look alike after {@link lookCount} of them. */
export function lookOf(place: number): Look {
  return {
    colour: palette[place % palette.length] ?? palette[0],
    dash: dashes[Math.floor(place / palette.length) % dashes.length] ?? [],
  };
}
