"""Google Firestore and Firebase Storage: the only folder that imports Google's libraries, and those lazily."""
