// A plain script in the head: it runs before the first paint, so that the other theme never shows for a moment.

const lightSystem = matchMedia("(prefers-color-scheme: light)")

const storedTheme = () => {
  try {
    return localStorage.getItem("courant.theme")
  } catch {
    return null
  }
}

const storeTheme = (theme) => {
  try {
    localStorage.setItem("courant.theme", theme)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

const showTheme = (theme) => {
  document.documentElement.dataset.theme = theme
  document.dispatchEvent(new CustomEvent("theme"))
}

const followSystem = () => showTheme(storedTheme() ?? (lightSystem.matches ? "light" : "dark"))

followSystem()
lightSystem.addEventListener("change", followSystem)
document.addEventListener("toggle-theme", () => {
  const next = document.documentElement.dataset.theme === "light" ? "dark" : "light"
  storeTheme(next)
  showTheme(next)
})
