// Builds static/workflows/builder.js, builder.css and builder-tidy.js, the same bytes for the same lock file.
// `node build.mjs <folder>` writes somewhere else, for the test that compares.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "static", "workflows");
await build({
  absWorkingDir: here,
  entryPoints: { builder: "src/main.jsx", "builder-tidy": "src/tidy.js" },
  external: ["./builder-tidy.js"],
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  legalComments: "none",
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  alias: {
    react: "preact/compat",
    "react-dom": "preact/compat",
    "react/jsx-runtime": "preact/jsx-runtime",
    // The view moves at once, and no colour ever does.
    "d3-transition": "./src/no-transitions.js",
    "d3-color": "./src/no-colors.js",
    "use-sync-external-store/shim/with-selector.js": "./src/with-selector.js",
  },
  define: { "process.env.NODE_ENV": '"production"' },
  banner: { js: "/* Built from apps/workflows/frontend; `make builder`. React Flow (MIT), Preact (MIT), dagre (MIT). */" },
});
