declare module 'swagger-ui-dist' {
  /** Folder with the files of Swagger UI. */
  export function getAbsoluteFSPath(): string;
}
