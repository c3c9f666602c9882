// The reference: openapi.yaml as Redoc draws it, with its search off, which would start a worker from a string.

const ink = "#1c2528";
const accent = "#1d5c6b";

globalThis.Redoc.init(
  "openapi.yaml",
  {
    disableSearch: true,
    hideDownloadButton: true,
    expandResponses: "200",
    jsonSampleExpandLevel: 3,
    pathInMiddlePanel: true,
    requiredPropsFirst: true,
    scrollYOffset: "header",
    theme: {
      spacing: { sectionVertical: 24 },
      colors: { primary: { main: accent }, text: { primary: ink, secondary: "#4f5b5f" } },
      typography: {
        fontSize: "16px",
        lineHeight: "1.55",
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif", fontWeight: "650" },
        code: { fontFamily: "ui-monospace, monospace", fontSize: "14px", color: accent, backgroundColor: "#eef3f3" },
        links: { color: accent },
      },
      sidebar: { backgroundColor: "#f6f4f0", textColor: ink, width: "280px" },
      rightPanel: { backgroundColor: "#22302f", width: "38%" },
    },
  },
  document.getElementById("reference"),
  () => {
    // Samples scroll sideways; who has no mouse gets there by the keyboard.
    for (const sample of document.querySelectorAll("pre")) sample.tabIndex = 0;
  },
);
