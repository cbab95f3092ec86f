/** The bundler makes one style sheet of those that are imported. */
declare module '*.css';
