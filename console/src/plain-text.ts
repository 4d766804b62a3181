/** Stands for a Markdown renderer: shows the text as it is. */
export const Markdown = ({ children }: { readonly children?: unknown }) => children;
