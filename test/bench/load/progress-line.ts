/** A terminal or another output. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A progress line. On a terminal it replaces the line before, cut to the width; otherwise it is appended. */
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
