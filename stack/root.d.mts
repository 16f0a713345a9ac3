/** The project's folder, absolute; the same from the sources, from a build of them, and in an image. */
export const root: string;
