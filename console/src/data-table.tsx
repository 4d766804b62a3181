import { type ColumnDef, flexRender, getCoreRowModel, useReactTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';

interface DataTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  /** The same at each rendering. */
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Called when the last rows come into view. */
  readonly onEnd?: (() => void) | undefined;
}

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
}

const ROW_PX = 37;

/** A table that draws only the rows in view, so that ten thousand of them scroll like ten. */
export function DataTable<Row>({ label, rows, columns, keyOf, onEnd }: DataTableProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  // A new function is a new component to React, which would draw every cell from scratch and lose the focus in it.
  const definitions = useMemo(
    () =>
      columns.map(({ id, header, cell }): ColumnDef<Row> => ({ id, header, cell: ({ row }) => cell(row.original) })),
    [columns],
  );
  const table = useReactTable<Row>({
    data: rows as Row[],
    columns: definitions,
    getRowId: keyOf,
    getCoreRowModel: getCoreRowModel(),
  });
  const all = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: all.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= all.length - 20) onEnd?.();
  }, [last, all.length, onEnd]);
  const before = shown[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="scroller" ref={scroller} tabIndex={0} aria-label={label}>
      <table aria-rowcount={all.length + 1}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map(({ id, column, getContext }) => (
                <th key={id} scope="col">
                  {flexRender(column.columnDef.header, getContext())}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          <Spacer height={before} columns={columns.length} />
          {shown.map(({ index }) => {
            const row = all[index];
            if (!row) return null;
            return (
              <tr key={row.id} aria-rowindex={index + 2}>
                {row.getVisibleCells().map(({ id, column, getContext }) => (
                  <td key={id}>{flexRender(column.columnDef.cell, getContext())}</td>
                ))}
              </tr>
            );
          })}
          <Spacer height={after} columns={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

const Spacer = ({ height, columns }: { readonly height: number; readonly columns: number }) =>
  height > 0 ? (
    <tr>
      <td className="spacer" colSpan={columns} style={{ height }} />
    </tr>
  ) : null;
