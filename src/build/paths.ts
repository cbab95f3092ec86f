import { fileURLToPath } from 'node:url';

/** The project's top folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is downloaded and built for tests and for `npm start`; git ignores it. */
export const cacheFolder = fileURLToPath(new URL('../../.cache', import.meta.url));
