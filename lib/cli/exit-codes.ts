/** Exit codes of the command line. */
export const EXIT = { failed: 1, misuse: 2, refused: 3, unreachable: 4, taskFailed: 5, stopped: 130 } as const;
