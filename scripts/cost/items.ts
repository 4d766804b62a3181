export interface BillItem {
  readonly name: string;
  readonly dollars: number;
  readonly how: string;
  /**
   * How sure the amount is. `measured`: a measured count at the price of AWS. `price`: the price of AWS of something that
   * is simply there. `estimate`: with an estimate in it.
   */
  readonly basis: 'measured' | 'price' | 'estimate';
}

/** An item of measured counts. */
export const measured = (name: string, dollars: number, how: string): BillItem => ({
  name,
  dollars,
  how,
  basis: 'measured',
});

/** An item that is there whatever happens. */
export const priced = (name: string, dollars: number, how: string): BillItem => ({
  ...measured(name, dollars, how),
  basis: 'price',
});

/** An item with an estimate in it. */
export const estimated = (name: string, dollars: number, how: string): BillItem => ({
  ...measured(name, dollars, how),
  basis: 'estimate',
});
