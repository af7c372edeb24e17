// d3-transition can animate colours. Nothing here does, so nothing is a colour.
export const color = () => null;
export const rgb = () => ({});
export default color;
export const [hsl, lab, hcl, cubehelix] = [rgb, rgb, rgb, rgb];
