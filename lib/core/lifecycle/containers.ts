/** One run of a program of any language in a container. */
export interface ContainerJob {
  /** Letters, digits and `-`. A run replaces one with the same id that a killed process has left behind. */
  readonly id: string;
  readonly image: string;
  /** @default that of the image */
  readonly command?: readonly string[];
  /** A local folder with absolute path. The container sees it as `CONTAINER_FOLDER`, and writes there as this process. */
  readonly folder: string;
}

export const CONTAINER_FOLDER = '/modelyard';

/** Runs containers. */
export interface ContainerRunner {
  /**
   * Resolves with the exit code. `onLine` receives what the program prints. Rejects with `invalid_input` where containers
   * cannot run, and as the signal does when it aborts; then the container is removed.
   */
  run(
    job: ContainerJob,
    options: { readonly signal: AbortSignal; readonly onLine: (line: string) => void },
  ): Promise<number>;
}
