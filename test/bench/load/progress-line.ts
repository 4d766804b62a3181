/** A terminal, or whatever else lines go to. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A line that says how far it is: each one takes the place of the one before on a terminal, cut to its width, and follows it elsewhere. */
export function progressLine(screen: Screen): { tell(line: string): void; end(): void } {
  let isOpen = false;
  return {
    tell(line) {
      isOpen = screen.isTTY === true;
      screen.write(isOpen ? `\r\x1b[2K${line.slice(0, (screen.columns ?? line.length + 1) - 1)}` : `${line}\n`);
    },
    end() {
      if (isOpen) screen.write('\n');
      isOpen = false;
    },
  };
}
