export default function ({ data }) {
  if (window.sftvizLooked) return;
  window.sftvizLooked = true;
  const sidebar = document.querySelector('[data-testid="stSidebar"][data-collapsed="false"]');
  if (innerWidth < data.narrow) sidebar?.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}
