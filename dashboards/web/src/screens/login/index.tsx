// The address of the login, for who is signed in already: where it led is home.
import { Navigate } from "@tanstack/react-router";

export default function LoginScreen() {
  return <Navigate to="/" replace />;
}
